import { preflight } from '../../shared/restore/preflight/preflight.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(preflight)
