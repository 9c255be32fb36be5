import { planExportBlobs } from '../../shared/export/plan-export-blobs.ts'
import { PLAN_ROUNDS } from '../../shared/jobs/messages.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('plan-export-blobs', PLAN_ROUNDS, planExportBlobs)
