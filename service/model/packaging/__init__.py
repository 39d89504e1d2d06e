"""From a fitted pipeline to an artefact, at training time: nothing that serves uses it.

options.py        the arguments that are about no table
edits.py          what the owner says of a feature, read and applied
labels.py         what answers are called
probe.py          what the pipeline answers, learnt by asking it
brackets.py       an answered value and one that is not, moved towards each other
bounds.py         where it stops answering numbers and dates
category_codes.py which numbers are categories
training_table.py the training table as pandas or numpy, of whatever kind it was
tensor_proposal.py the contract of a model that takes tensors
proposal.py       the contract: by the table, the pipeline and the owner
synthetic_rows.py a typical row, of no real person, and variants of it
real_rows.py      which rows of the table become golden records
golden_records.py these and the typical row, with what is answered
histograms.py     how features and scores were distributed
bytecode.py       what a function imports, and which globals it reads
unpicklable.py    the part of a pipeline that cannot be pickled
pickling.py       the pipeline pickled, with what a notebook defined
modules.py        a module on the disk, by name or by path
imports.py        what a module imports
data_files.py     which files a module reads
code.py           the modules and files to take along
contents.py       the pickle, the code and the libraries of an artefact
progress.py       what is under way, printed where it takes long
fresh_process.py  the proof in a process of its own
version.py        a version made in memory
networks.py       a network's file, passed as it is
package.py        package(), which calls all of these, and writes the version
"""
