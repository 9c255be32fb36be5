import { failExport } from '../../shared/export/fail-export.ts'
import { END_FAILED } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('fail-export', END_FAILED, failExport)
