// Package nih reads the tables of NIH ChestX-ray14 (FACTS 1.5): Data_Entry_2017.csv, a row an image (entries.go),
// BBox_List_2017.csv, a row a box (boxes.go), and the lists of images (lists.go). labels.go says what the labels are called in the
// questions of Medical-Diff-VQA. It looks at no image.
package nih
