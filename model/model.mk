.PHONY: damage-test
damage-test: ## damage finished and unfinished stages at random, 200 times: each is trained again to the same bits
	go test ./model -run TestDamagedStages -count=1 -v -args -damage 200

.PHONY: place-check
place-check: ## check whether the design place is fair: what an untrained, a supervised and a captioning encoder tell of it, in about six minutes
	go test ./model -run TestPlaceIsFair -count=1 -timeout 30m -v -args -place
