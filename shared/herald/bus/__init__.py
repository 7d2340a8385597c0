"""The bus kit: connections, confirmed publishing, the batch subscriber, declaring the topology."""
