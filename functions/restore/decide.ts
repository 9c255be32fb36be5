import { decide } from '../../shared/restore/preflight/decide.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(decide)
