# A program of the sweep in sweep.yaml. Trials 1 to 8 take PACE seconds a step and go on from a checkpoint, 9 fails, the others are quick.
n=${1#--n=}
cd "$HARNESS_TRIAL_DIR"
test $n != 9 || { echo 'error: trial 9 fails' >&2; exit 3; }
case $n in
[12]) steps=20 ;;
[3-8]) steps=50 ;;
*) steps=3 PACE=0 ;;
esac
step=0
if test -e checkpoint; then
	step=$(cat checkpoint)
	echo "{\"resumed\": $step}"
fi
while test $step -lt $steps; do
	step=$((step + 1))
	echo "{\"metric\": \"acc\", \"value\": $((n * 1000 + step * step)), \"step\": $step}"
	echo "{\"step\": $step, \"total\": $steps}"
	sleep ${PACE:-0}
	echo $step > checkpoint.new # later than its number, which would be lost in the moment of a kill -9
	mv checkpoint.new checkpoint
done
