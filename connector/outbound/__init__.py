"""OUTBOUND: everything connector asks of the network, bounded: documents, DNS, mail servers."""
