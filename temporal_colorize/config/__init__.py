"""The configuration: composed from `conf/`, checked, and made into objects. Of ours, only this and cli/ know Hydra."""
