# A program of the sweep in sweep.yaml. Trials 1 to 8 take PACE seconds a step and go on from a checkpoint, 9 fails, the others are quick.
n=${1#--n=}
cd "$HARNESS_TRIAL_DIR"
echo "$$ attempt $HARNESS_ATTEMPT" >> starts
test $n != 9 || { echo 'error: trial 9 fails' >&2; exit 3; }
step=0 steps=60
test $n -le 8 || { steps=3 PACE=0; }
if test -e checkpoint; then
	step=$(cat checkpoint)
	echo "{\"resumed\": $step}"
fi
while test $step -lt $steps; do
	step=$((step + 1))
	echo "{\"metric\": \"acc\", \"value\": $((n * 1000 + step * step)), \"step\": $step}"
	echo "{\"step\": $step, \"total\": $steps}"
	echo $step > checkpoint.new
	mv checkpoint.new checkpoint
	sleep ${PACE:-0}
done
