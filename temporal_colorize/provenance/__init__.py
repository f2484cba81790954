"""What an output is made of and how: a record beside it, a signature inside it, and the check of both."""
