#!/usr/bin/env bash
# The landing rule once more, told by git's own commands: what `landing_rule.rs` holds against the program's verdicts.
#
#   rule.sh REPOSITORY < HISTORIES
#
# A history is a line: `GENESIS TIP HEAD=BASE …`, the heads that were approved, each with the base that was approved.
# Its answer: a line a landing, `approved BASE COMMIT HEAD…`, `unmanaged BASE COMMIT` or `restored BASE COMMIT`; where the
# rest of the branch is refused, `left-out BASE COMMIT` for what only leaves something out, and `refused BASE`; then `end`.
set -euo pipefail
cd "$1"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_NO_REPLACE_OBJECTS=1

managed=(dualkey.yaml people vendors groups domains bridges roles grants policies .github CODEOWNERS .gitattributes
    docs/CODEOWNERS)
declare -A tree parents differing history waiting

# one process answers all questions about trees; what is no pair of ids it gives back, which ends an answer
coproc DIFF { git diff-tree --stdin -r --no-renames --name-only -- "${managed[@]}"; }

# The managed paths that differ between two commits, with a space around each.
differ() {
    local key="$1 $2" line found=" "
    if [[ -z ${differing[$key]+known} ]]; then
        printf '%s %s\n.\n' "${tree[$1]}" "${tree[$2]}" >&"${DIFF[1]}"
        while IFS= read -r line <&"${DIFF[0]}" && [[ $line != . ]]; do
            [[ $line == *' '* ]] || found+="$line "
        done
        differing[$key]=$found
    fi
    REPLY=${differing[$key]}
}

meets() {
    local path
    for path in $1; do
        if [[ $2 == *" $path "* ]]; then return 0; fi
    done
    return 1
}

within() {
    local path
    for path in $1; do
        if [[ $2 != *" $path "* ]]; then return 1; fi
    done
}

# Is the second commit the first, or part of its history?
holds() {
    if [[ -z ${history[$1]+known} ]]; then history[$1]=" $(git rev-list "$1" | tr '\n' ' ')"; fi
    [[ ${history[$1]} == *" $2 "* ]]
}

# Landing rule: is what landed between base and commit what the head was reviewed for?
is_reviewed() {
    local base=$1 commit=$2 head=$3 merge_base=$4 reviewed since
    differ "$merge_base" "$head"; reviewed=$REPLY
    differ "$base" "$commit"
    if ! within "$REPLY" "$reviewed"; then return 1; fi
    differ "$commit" "$head"
    if meets "$reviewed" "$REPLY"; then return 1; fi
    differ "$merge_base" "$base"
    if meets "$reviewed" "$REPLY"; then return 1; fi
    # the base that was approved is the only merge base
    if [[ $(git merge-base --all "$base" "$head") != "$merge_base" ]]; then return 1; fi
    # and nothing of it was touched since on the branch, even if it was changed back
    for since in $(git rev-list --first-parent "$base" "^$head"); do
        differ "${parents[$since]%% *}" "$since"
        if meets "$reviewed" "$REPLY"; then return 1; fi
    done
}

# Would the step undo what an approved landing brought that it leaps over? That its head stands on the landing is no
# answer: the plan that was approved starts before it.
undoes() {
    local from=$1 to=$2 step start end changed
    for step in "${passed[@]}"; do
        read -r start end <<<"$step"
        if ((start < from || end >= to)); then continue; fi
        differ "${chain[start]}" "${chain[end]}"; changed=$REPLY
        differ "${chain[end]}" "${chain[to]}"
        if meets "$changed" "$REPLY"; then return 0; fi
    done
    return 1
}

# Does the step merge a line on which something was approved that its tree leaves out?
leaves_out() {
    local from=$1 to=$2 head=$3
    if ((aside)); then return 1; fi
    local base=${chain[from]} commit=${chain[to]} merged own=" " tip
    merged=" $(git rev-list "$base..$commit" | tr '\n' ' ')"
    # of the head's own line nobody knows whether it was the branch, and the same two people approved the head since
    if [[ -n $head ]]; then own=" $(git rev-list "$base..$head" | tr '\n' ' ')"; fi
    for tip in $merged; do
        if [[ " ${chain[*]} " != *" $tip "* ]] && line_leaves_out "$from" "$commit" "$tip"; then
            return 0
        fi
    done
    return 1
}

# The same where the branch once may have stood at `tip`, and what was closed then is on the way to `from`.
line_leaves_out() {
    local from=$1 commit=$2 at=$3 fork=-1 i closed=0 step line=("$3") missing brought start end kind by
    while [[ -n ${parents[$at]} ]]; do
        at=${parents[$at]%% *}
        for ((i = 0; i < ${#chain[@]}; i++)); do
            if [[ ${chain[i]} == "$at" ]]; then fork=$i; break 2; fi
        done
        line=("$at" "${line[@]}")
    done
    if ((fork < 0)); then return 1; fi
    for step in "${path[@]}"; do
        read -r start end kind by <<<"$step"
        if ((end <= fork && end <= from && end > closed)); then closed=$end; fi
    done
    fork=$((fork - closed))
    local -a chain=("${chain[@]:closed:fork + 1}" "${line[@]}") path=() passed=() best=()
    local aside=1 undoing=
    advance 0 || true
    end=0
    if ((${#best[@]})); then read -r start end kind by <<<"${best[-1]}"; fi
    differ "${chain[end]}" "$commit"; missing=$REPLY
    for step in "${best[@]}"; do
        read -r start end kind by <<<"$step"
        # what the base stands on was looked at when the base was
        if ((end > fork)) && [[ $kind == approved && $merged == *" ${chain[end]} "* && $own != *" ${chain[end]} "* ]]; then
            differ "${chain[start]}" "${chain[end]}"
            if meets "$REPLY" "$missing"; then return 0; fi
        fi
    done
    return 1
}

# The paths of an approved head that is found at a place behind what was refused, from where it parted: each is there as
# the head has it, whatever else is. Of what was refused nothing else matters.
waits() {
    local key="$1 $2 $3"
    if [[ -z ${waiting[$key]+known} ]]; then waiting[$key]=$(find_waiting "$1" "$2" "$3"); fi
    REPLY=${waiting[$key]}
    [[ -n $REPLY ]]
}

find_waiting() {
    local from=$1 at=$2 head=$3 place=-1 i start own since
    local verified=${chain[from]} commit=${chain[at]} starts=()
    if holds "$verified" "$head"; then return; fi
    if [[ $(git merge-base --all "$verified" "$head") != "${approved[$head]}" ]]; then return; fi
    for ((i = from + 1; i < ${#chain[@]}; i++)); do
        if [[ ${chain[i]} == "$head" ]]; then place=$i; fi
    done
    if ((place > at)); then return; fi
    # a fast-forward may have begun anywhere below; else it is the last commit of the branch that the head stands on
    for ((i = place - 16; i < place; i++)); do
        if ((i > from)); then starts+=("${chain[i]}"); fi
    done
    for ((i = at - 1; place < 0 && i > from && ${#starts[@]} == 0; i--)); do
        if holds "$head" "${chain[i]}"; then starts+=("${chain[i]}"); fi
    done
    if ((place < 0 && ${#starts[@]} == 0)); then
        differ "${approved[$head]}" "$head"; own=$REPLY
        differ "${approved[$head]}" "$verified"
        if meets "$own" "$REPLY"; then return; fi
        for since in $(git rev-list --first-parent "$verified" "^$head"); do
            differ "${parents[$since]%% *}" "$since"
            if meets "$own" "$REPLY"; then return; fi
        done
        starts+=("${approved[$head]}")
    fi
    for start in "${starts[@]}"; do
        differ "$start" "$head"; own=$REPLY
        if [[ $own == " " ]]; then continue; fi
        differ "$start" "$commit"
        if ! within "$own" "$REPLY"; then continue; fi
        differ "$head" "$commit"
        if ! meets "$own" "$REPLY"; then echo "$own"; return; fi
    done
}

# Would the step undo what was approved and waits on its way behind what was refused?
undoes_waiting() {
    local from=$1 to=$2 head at last merged own
    if ((aside)); then return 1; fi
    for head in "${!approved[@]}"; do
        merged=" "
        for ((at = from + 1; at < to; at++)); do
            merged+="${chain[at]} ${parents[${chain[at]}]#* } "
            differ "${chain[at - 1]}" "${chain[at]}"; last=$REPLY
            if [[ $last == " " ]]; then continue; fi
            differ "${approved[$head]}" "$head"; own=$REPLY
            if [[ $merged != *" $head "* ]] && ! meets "$own" "$last"; then continue; fi
            if ! waits "$from" "$at" "$head"; then continue; fi
            own=$REPLY
            differ "$head" "${chain[to]}"
            if meets "$own" "$REPLY"; then return 0; fi
            break
        done
    done
    return 1
}

# Is there a landing between two places of the chain? Its kind, and the heads that do it.
closes() {
    local from=$1 to=$2 at head
    local base=${chain[from]} commit=${chain[to]}
    kind=unmanaged by=
    differ "$base" "$commit"
    if [[ $REPLY == " " ]]; then
        if undoes "$from" "$to"; then return 1; fi
        if leaves_out "$from" "$to" "" || undoes_waiting "$from" "$to"; then left_out=1; return 1; fi
        for ((at = from + 1; at < to; at++)); do
            differ "$base" "${chain[at]}"
            if [[ $REPLY != " " ]]; then kind=restored; fi
        done
        return 0
    fi
    kind=approved
    for head in "${!approved[@]}"; do
        if ! is_reviewed "$base" "$commit" "$head" "${approved[$head]}"; then continue; fi
        if undoes "$from" "$to"; then left_out=1; undoing+=" $to"; continue; fi
        if leaves_out "$from" "$to" "$head" || undoes_waiting "$from" "$to"; then left_out=1; continue; fi
        by+=" $head"
    done
    if [[ -n $by ]]; then return 0; fi
    # what approvals since have ended was a landing once, and a longer step keeps it; of a merged line nobody knows that
    if ((aside)); then return 1; fi
    for head in "${!stale[@]}"; do
        if is_reviewed "$base" "$commit" "$head" "${stale[$head]}"; then passed+=("$from $to"); fi
    done
    return 1
}

# Closes landings from a place on, the nearest first; true where they lead to the end. The longest way is the best.
advance() {
    local from=$1 to kind by reached=0 start
    if ((from < ${#chain[@]} - 1)); then
        for ((to = from + 1; to < ${#chain[@]}; to++)); do
            if ! closes "$from" "$to"; then continue; fi
            path+=("$from $to $kind $by")
            if advance "$to"; then return 0; fi
            unset 'path[-1]'
            if [[ $kind == approved ]]; then passed+=("$from $to"); fi
        done
    fi
    if ((${#best[@]})); then read -r start reached _ <<<"${best[-1]}"; fi
    if ((from > reached)); then best=("${path[@]}"); fi
    ((from == ${#chain[@]} - 1))
}

# An approval of a head ends those of what it stands on, unless that has landed.
end_stale() {
    local tip=$1 older newer
    local -a ended=()
    for newer in "${!approved[@]}"; do
        if holds "$tip" "$newer"; then continue; fi
        for older in "${!approved[@]}"; do
            if [[ $older != "$newer" ]] && holds "$newer" "$older" && ! holds "${approved[$newer]}" "$older"; then
                ended+=("$older")
            fi
        done
    done
    for older in "${ended[@]}"; do
        if [[ -n ${approved[$older]+known} ]]; then stale[$older]=${approved[$older]}; fi
        unset "approved[$older]"
    done
}

while read -r genesis tip claims; do
    declare -A approved=() stale=() waiting=()
    for claim in $claims; do approved[${claim%=*}]=${claim#*=}; done
    while read -r commit its_tree its_parents; do
        tree[$commit]=$its_tree parents[$commit]=$its_parents
    done < <(git log --format='%H %T %P' "$tip" "${!approved[@]}")
    end_stale "$tip"
    chain=("$genesis" $(git rev-list --first-parent --reverse "$genesis..$tip"))
    path=() passed=() best=() aside=0 undoing=
    advance 0 || true
    reached=0
    for step in "${best[@]}"; do
        read -r start reached kind by <<<"$step"
        echo "$kind ${chain[start]} ${chain[reached]}${by:+ $by}"
    done
    if ((reached < ${#chain[@]} - 1)); then
        path=("${best[@]}")
        for ((to = reached + 1; to < ${#chain[@]}; to++)); do
            left_out=0
            if ! closes "$reached" "$to" && ((left_out)); then echo "left-out ${chain[reached]} ${chain[to]}"; fi
        done
        for to in $undoing; do
            if ((to > reached)); then echo "left-out ${chain[reached]} ${chain[to]}"; fi
        done
        echo "refused ${chain[reached]}"
    fi
    echo end
done
