"""Single sign-on: customers' own OpenID Connect providers, and the mail domains that lead there."""
