import { planExportBlobs } from '../../shared/export/plan-blobs.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(planExportBlobs)
