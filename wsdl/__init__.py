"""The WSDL of each end point, one file per port type (ITI TF-2 Appendix W)."""
