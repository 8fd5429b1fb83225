"""What a bundle's server and its registration agree on."""

PREFIX = "/label-studio"
WEBHOOK = "/webhook"
RETRAINS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED")
