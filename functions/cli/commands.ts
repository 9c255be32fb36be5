import type { CliCommand } from './command.ts'
import { ARCHIVES } from './commands/archives.ts'
import { CANCEL } from './commands/cancel.ts'
import { CAT } from './commands/cat.ts'
import { CATALOGUE_REBUILD } from './commands/catalogue-rebuild.ts'
import { COMPLETION } from './commands/completion.ts'
import { DIFF } from './commands/diff.ts'
import { DOCTOR } from './commands/doctor.ts'
import { DOWNLOAD } from './commands/download.ts'
import { EXPORT } from './commands/export.ts'
import { EXTRACT } from './commands/extract.ts'
import { JOBS } from './commands/jobs.ts'
import { LS } from './commands/ls.ts'
import { MODELS_CHECK } from './commands/models-check.ts'
import { MODELS_PROPOSE } from './commands/models-propose.ts'
import { PRUNE } from './commands/prune.ts'
import { RESTORE } from './commands/restore.ts'
import { SCHEDULES_LIST } from './commands/schedules/list.ts'
import { SCHEDULES_PAUSE } from './commands/schedules/pause.ts'
import { SCHEDULES_RESUME } from './commands/schedules/resume.ts'
import { SCHEDULES_RUN } from './commands/schedules/run.ts'
import { SHOW } from './commands/show.ts'
import { UI } from './commands/ui.ts'
import { VERIFY } from './commands/verify.ts'

/** All commands, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  EXPORT,
  DOWNLOAD,
  RESTORE,
  VERIFY,
  LS,
  CAT,
  EXTRACT,
  DIFF,
  ARCHIVES,
  JOBS,
  SHOW,
  CANCEL,
  SCHEDULES_LIST,
  SCHEDULES_RUN,
  SCHEDULES_PAUSE,
  SCHEDULES_RESUME,
  PRUNE,
  CATALOGUE_REBUILD,
  MODELS_PROPOSE,
  MODELS_CHECK,
  UI,
  DOCTOR,
  COMPLETION,
]

/** The first words of commands with two words, and a summary like that of a command. */
export const GROUPS: Readonly<Record<string, string>> = {
  schedules: 'list, run, pause and resume schedules',
  models: 'propose or check a model registry (models.json)',
  catalogue: 'rebuild the catalogue of archives',
}
