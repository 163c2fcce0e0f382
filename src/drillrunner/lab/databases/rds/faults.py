"""The errors of RDS that the lab raises, with the codes of botocore's rds model."""

from __future__ import annotations

from moto.rds.exceptions import RDSClientError


def global_cluster_not_found(identifier: str) -> RDSClientError:
    """GlobalClusterNotFoundFault (404)."""
    return RDSClientError("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found")


def global_cluster_exists(identifier: str) -> RDSClientError:
    """GlobalClusterAlreadyExistsFault (400)."""
    return RDSClientError("GlobalClusterAlreadyExistsFault", f"Global cluster {identifier} already exists")


def global_cluster_state(message: str) -> RDSClientError:
    """InvalidGlobalClusterStateFault (400)."""
    return RDSClientError("InvalidGlobalClusterStateFault", message)


def cluster_not_found(identifier: str) -> RDSClientError:
    """DBClusterNotFoundFault (404)."""
    return RDSClientError("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")


def cluster_exists() -> RDSClientError:
    """DBClusterAlreadyExistsFault (400)."""
    return RDSClientError("DBClusterAlreadyExistsFault", "DB Cluster already exists")


def cluster_state(message: str) -> RDSClientError:
    """InvalidDBClusterStateFault (400)."""
    return RDSClientError("InvalidDBClusterStateFault", message)


def instance_state(message: str) -> RDSClientError:
    """InvalidDBInstanceState (400)."""
    return RDSClientError("InvalidDBInstanceState", message)


def bad_combination(message: str) -> RDSClientError:
    """InvalidParameterCombination (400)."""
    return RDSClientError("InvalidParameterCombination", message)
