"""Values as tagged MessagePack, inside the sandbox."""
