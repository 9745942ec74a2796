"""Who uploads a device's pictures, as its configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.deliver.signing import RequestSigner
from edge.deliver.upload import EvidenceUploader
from edge.device.moved_pictures import elsewhere

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig
    from edge.contract.topics import Address
    from edge.deliver.evidence import EvidenceSpool


def uploader_of(config: AgentConfig, spool: EvidenceSpool, address: Address) -> EvidenceUploader | None:
    """What uploads pictures, signed where this device was provisioned; None where no collector takes them.

    Raises:
        FacingsError: the collector is not on this machine, and there is nothing to sign with.
    """
    section = config.collector
    if section is None:
        return None
    signer = None
    if section.cert_file is not None and section.key_file is not None:
        signer = RequestSigner(section.cert_file, section.key_file)
    return EvidenceUploader(
        spool,
        collector=section.url,
        address=address,
        signer=signer,
        authorities=section.ca_file,
        elsewhere=elsewhere(config.data),
    )
