"""Templates in the configuration: texts by locale and channel, and what fills them in. Pure."""
