"""The pages of the interface, asked for as a browser does."""
