import { composeParts } from '../../shared/export/compose-parts.ts'
import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('compose-parts', RUN_PASSES, composeParts)
