"""The lab's databases, metrics and alarms. The door is `drillrunner.lab.databases.databases.Databases`."""
