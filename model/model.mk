.PHONY: damage-test
damage-test: ## damage finished and unfinished stages at random, 200 times: each is trained again to the same bits
	go test ./model -run TestDamagedStages -count=1 -v -args -damage 200
