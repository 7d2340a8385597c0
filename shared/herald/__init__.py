"""What every Herald service stands on: contracts, bus kit, channel kit, client tools."""
