import { END_FAILED } from '../../shared/jobs/messages.ts'
import { failRestore } from '../../shared/restore/report/fail-restore.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('fail-restore', END_FAILED, failRestore)
