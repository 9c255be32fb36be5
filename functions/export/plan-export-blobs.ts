import { planExportBlobs } from '../../shared/export/plan-export-blobs.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(planExportBlobs)
