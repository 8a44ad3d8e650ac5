# Completion of harness for bash. It needs nothing but bash 4 or later.
_harness() {
    # Readline splits words at : = and @, which names of sweeps have: here they are put together again.
    local words=() joined="" rest=${COMP_LINE:0:COMP_POINT} i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        local part=${COMP_WORDS[i]}
        if [[ $rest != [[:space:]]* && $i -gt 0 ]]; then
            joined+=$part
        else
            [[ $i -gt 0 ]] && words+=("$joined")
            joined=$part
            rest=${rest#"${rest%%[![:space:]]*}"}
        fi
        rest=${rest#"$part"}
    done
    local current=$joined quote=""
    case $current in \"* | \'*) quote=${current:0:1} current=${current:1} ;; *) current=${current//\\/} ;; esac

    # One candidate a line, with its description behind a tab; the last line is :DIRECTIVE.
    local -a lines
    mapfile -t lines < <("${words[0]}" __complete "${words[@]:1}" "$current" 2>/dev/null)
    local n=${#lines[@]}
    ((n > 0)) || return 0
    local directive=${lines[n - 1]#:}
    [[ $directive == [0-9]* ]] || return 0
    unset "lines[n-1]"
    ((directive & 1)) && return 0
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ((directive & 4 || directive & 8 || directive & 16)); then compopt +o default 2>/dev/null; fi

    # What readline will replace begins behind the last : = or @, unless a quote is open.
    local cut="" flag=""
    [[ $current == --*=* ]] && flag=${current%%=*}= # the value's candidates come without the flag
    [[ -z $quote && $current == *[:=@]* ]] && cut=${current%"${current##*[:=@]}"}
    local line word about longest=0 candidates=() abouts=()
    for line in "${lines[@]}"; do
        word=${line%%$'\t'*} about=""
        [[ $line == *$'\t'* ]] && about=${line#*$'\t'}
        word=$flag$word
        [[ $word == "$current"* ]] || continue
        word=${word#"$cut"}
        if [[ -z $quote && $word == *[^A-Za-z0-9_.,:=@/+%-]* ]]; then printf -v word %q "$word"; fi
        candidates+=("$word") abouts+=("$about")
        ((${#word} > longest)) && longest=${#word}
    done
    COMPREPLY=()
    for i in "${!candidates[@]}"; do
        word=${candidates[i]} about=${abouts[i]}
        # Descriptions are shown in lists only: never where they would be inserted.
        if ((${#candidates[@]} > 1)) && [[ -n $about && $COMP_TYPE != 37 && $COMP_TYPE != 42 ]]; then
            printf -v word '%-*s  (%s)' "$longest" "$word" "$about"
            word=${word:0:${COLUMNS:-80}}
        fi
        COMPREPLY+=("$word")
    done
}
complete -o default -o nosort -F _harness harness 2>/dev/null || complete -o default -F _harness harness
