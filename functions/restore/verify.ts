import { verify } from '../../shared/restore/verify/verify.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage(verify)
