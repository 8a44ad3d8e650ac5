# Completion of harness for fish.
function __harness_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    switch "$current"
        case '"*' "'*"
            set current (string sub -s 2 -- "$current")
        case '*'
            set current (string unescape -- "$current"; or echo "$current")
    end
    # One candidate a line, with its description behind a tab; the last line is :DIRECTIVE.
    set -l lines ($typed[1] __complete $typed[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string replace -r '^:' '' -- $lines[-1])
    string match -qr '^[0-9]+$' -- "$directive"; or return
    set -e lines[-1]
    test (math "bitand($directive, 1)") -eq 0; or return
    set -l flag (string match -r -- '^--[^=]*=' "$current") # the value's candidates come without the flag
    for line in $lines
        printf '%s%s\n' "$flag" "$line"
    end
    if test (count $lines) -eq 0; and test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current")
    end
end
complete -c harness -f
complete -c harness -k -a '(__harness_complete)'
