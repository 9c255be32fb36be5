import { failRestore } from '../../shared/restore/report/fail-restore.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(failRestore)
