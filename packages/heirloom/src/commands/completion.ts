import { CommandError, type ExitStatus, exitStatus } from "../exit-status.js";

/** Prints what a shell is to evaluate, so that it completes commands and the names of running services. */
export function completion(shell: string, commands: readonly string[]): ExitStatus {
  const words = commands.join(" ");
  const scripts: Record<string, string> = {
    bash: `_heirloom() {
  local word="\${COMP_WORDS[COMP_CWORD]}" name
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${words}" -- "$word"))
  elif [ "$COMP_CWORD" -eq 2 ]; then
    # Names are what is found in folders: compgen -W would evaluate them.
    while IFS= read -r name; do
      if [[ "$name" == "$word"* ]]; then COMPREPLY+=("$name"); fi
    done < <(heirloom services 2>/dev/null)
  fi
}
complete -F _heirloom heirloom
`,
    zsh: `#compdef heirloom
_heirloom() {
  if (( CURRENT == 2 )); then compadd -- ${words}
  elif (( CURRENT == 3 )); then compadd -- \${(f)"$(heirloom services 2>/dev/null)"}; fi
}
compdef _heirloom heirloom
`,
    fish: `complete -c heirloom -f
complete -c heirloom -n __fish_use_subcommand -a "${words}"
complete -c heirloom -n "not __fish_use_subcommand" -a "(heirloom services 2>/dev/null)"
`,
  };
  const script = scripts[shell];
  if (script === undefined)
    throw new CommandError("usage", `there is no completion for ${shell}: use bash, zsh or fish`);
  process.stdout.write(script);
  return exitStatus.done;
}
