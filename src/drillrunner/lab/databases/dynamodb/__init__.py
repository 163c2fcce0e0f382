"""DynamoDB global tables (2019.11.21, MREC): replicas, asynchronous replication, last writer wins."""
