#compdef harness
# Completion of harness for zsh.
_harness() {
    # One candidate a line, with its description behind a tab; the last line is :DIRECTIVE.
    local current=$PREFIX
    [[ -z $compstate[quote] ]] && current=${(Q)PREFIX}
    local -a lines typed
    typed=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$(${(Q)words[1]} __complete "${typed[@]}" "$current" 2>/dev/null)}")
    local directive=${lines[-1]#:}
    [[ $directive == [0-9]* ]] || return 1
    lines[-1]=()
    ((directive & 1)) && return 1

    local line flag="" longest=0
    local -a candidates shown
    [[ $current == --*=* ]] && flag=${current%%=*}= # the value's candidates come without the flag
    for line in "${lines[@]}"; do
        [[ -n $line ]] || continue
        candidates+=("$flag${line%%$'\t'*}")
        ((${#candidates[-1]} > longest)) && longest=${#candidates[-1]}
    done
    local i about described=""
    for ((i = 1; i <= ${#candidates}; i++)); do
        about=""
        [[ ${lines[i]} == *$'\t'* ]] && about=${lines[i]#*$'\t'} described=1
        shown+=("${(r:longest:)candidates[i]}${about:+  -- $about}")
    done
    if ((${#candidates})); then
        local -a how
        ((directive & 2)) && how=(-S '')
        [[ -n $described ]] && how+=(-l -d shown)
        compadd -V harness "${how[@]}" -- "${candidates[@]}"
        return
    fi
    ((directive & 4)) && return 1
    [[ -n $flag ]] && compset -P '*='
    _files
}
# As a file of $fpath it is called when it is loaded; sourced, it only tells what it completes.
if [[ $funcstack[1] == _harness ]]; then _harness "$@"; else compdef _harness harness; fi
