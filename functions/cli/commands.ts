import type { CliCommand } from './command.ts'
import { CANCEL } from './commands/cancel.ts'
import { EXPORT } from './commands/export.ts'
import { JOBS } from './commands/jobs.ts'
import { RESTORE } from './commands/restore.ts'
import { SHOW } from './commands/show.ts'
import { UI } from './commands/ui.ts'

/** All commands, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [EXPORT, RESTORE, JOBS, SHOW, CANCEL, UI]

/** The first words of commands with two words, and what these commands have in common. */
export const GROUPS: Readonly<Record<string, string>> = {}
