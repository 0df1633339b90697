"""What is owed: rating, posting, invoices."""
