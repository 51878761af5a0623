"""Every method, one file a method or a close family; importing this package registers them."""
