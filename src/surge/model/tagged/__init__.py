"""Values as tagged MessagePack: data, never authority. `codec` encodes and decodes them."""
