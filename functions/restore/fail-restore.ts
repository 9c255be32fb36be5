import { failRestore } from '../../shared/restore/fail.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(failRestore)
