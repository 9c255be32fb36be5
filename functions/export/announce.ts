import { announceExport } from '../../shared/export/announce.ts'
import { RUN_ONCE } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('announce', RUN_ONCE, announceExport)
