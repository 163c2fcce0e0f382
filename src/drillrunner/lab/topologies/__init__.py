"""The topologies that ship with drillrunner, one YAML file each."""
