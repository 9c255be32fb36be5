import { rollback } from '../../shared/restore/apply/rollback.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(rollback)
