"""Money: the bill of every option, line by line and in draws, and the bill that an export should
have made."""
