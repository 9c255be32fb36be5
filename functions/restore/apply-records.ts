import { RUN_PASSES } from '../../shared/jobs/messages.ts'
import { applyRecords } from '../../shared/restore/apply/apply-records.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('apply-records', RUN_PASSES, applyRecords)
