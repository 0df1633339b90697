"""The console: pages for people, rendered here, working without a script.

Each page is an operation with the wire PAGE that returns `frame.page(…)`. Who is signed in is told
by a cookie alone (`http.visitors`); every form is checked at the door (`http.forms`) for the
hidden field that `{{ form }}` puts into it.
"""
