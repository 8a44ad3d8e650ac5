// Package browsertest looks at the page in a real browser: Debian's Chromium, driven by chromedp, against the real program on homes of
// package fixture. A module of its own, so that chromedp is no dependency of the program.
//
//	make page-check      every view: errors, keyboard, width, schemes, accessibility (axe-core), hostile texts, live updates, the report to send
//	make bench-serve     how fast the page is on 20 million points
//	make page-pictures   the pictures of the README
//
// browser_test.go opens pages and notes all that goes wrong in them; checks_test.go says what must hold of a page, and selfcheck_test.go that
// a page which breaks it is found.
package browsertest
