import type { CliCommand } from './command.ts'
import { CANCEL } from './commands/cancel.ts'
import { JOBS } from './commands/jobs.ts'
import { SHOW } from './commands/show.ts'

/** All commands, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [JOBS, SHOW, CANCEL]

/** The first words of commands with two words, and what these commands have in common. */
export const GROUPS: Readonly<Record<string, string>> = {}
