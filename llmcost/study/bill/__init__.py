"""Money: the bill of every option line by line, prices of tokens and hosts, and the bill that an
export should have made."""
