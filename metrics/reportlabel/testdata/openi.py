"""Writes what the indexers of the Indiana University chest X-ray reports (Open-i) found, for TestOpenI.

    python openi.py indiana_reports.csv > openi.tsv
    HARNESS_OPENI=openi.tsv go test -run TestOpenI -v ./metrics/reportlabel

indiana_reports.csv is the table of the 3,851 reports (Demner-Fushman et al., JAMIA 2016) with the columns uid, MeSH, findings and
impression. Its licence (CC BY-NC-ND 4.0) keeps it out of this folder. People wrote the MeSH column: it names what a report finds,
rarely what it holds possible, never what it denies. The mapping to the observations is ours, written before the labels were read.
"""
import csv
import re
import sys

HEADINGS = {
    "normal": "NF", "Cardiomegaly": "CM", "Opacity": "LO", "Airspace Disease": "LO", "Infiltrate": "LO", "Lung Diseases, Interstitial": "LO",
    "Pulmonary Fibrosis": "LO", "Nodule": "LL", "Mass": "LL", "Cavitation": "LL", "Pulmonary Edema": "ED", "Pulmonary Congestion": "ED",
    "Heart Failure": "ED", "Consolidation": "CO", "Pneumonia": "PN", "Pulmonary Atelectasis": "AT", "Pneumothorax": "PX", "Pleural Effusion": "PE",
    "Hydropneumothorax": "PX PE", "Hemopneumothorax": "PX PE", "Hemothorax": "PE", "Fractures, Bone": "FR", "Catheters, Indwelling": "SD",
    "Implanted Medical Device": "SD", "Tube, Inserted": "SD", "Medical Device": "SD", "Stents": "SD", "Surgical Instruments": "SD",
    "Spinal Fusion": "SD", "Sutures": "SD",
}


def codes(mesh):
    found = set()
    for term in mesh.split(";"):
        heading, where = term.split("/")[0].strip(), term.lower()
        found.update(HEADINGS.get(heading, "").split())
        if heading == "Cardiac Shadow" and "enlarged" in where:
            found.add("CM")
        if heading in ("Cicatrix", "Markings") and ("lung" in where or "pulmon" in where or "bronchovascular" in where):
            found.add("LO")
        if "pleura" in where and heading != "Pleural Effusion":
            found.add("PO")
        if heading == "Mediastinum" and ("enlarged" in where or "prominent" in where):
            found.add("EC")
    return found


with open(sys.argv[1], encoding="utf-8", newline="") as f:
    for row in csv.DictReader(f):
        text = re.sub(r"\s+", " ", row["findings"] + " " + row["impression"]).strip()
        if text and row["MeSH"] != "No Indexing":
            print(row["uid"], text, " ".join(sorted(codes(row["MeSH"]))), sep="\t")
