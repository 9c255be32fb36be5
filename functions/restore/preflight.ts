import { preflight } from '../../shared/restore/preflight.ts'
import { stage } from '../workflow/stage.ts'

export const handler = stage(preflight)
