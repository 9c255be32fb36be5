import { DECIDE } from '../../shared/restore/messages/preflight.ts'
import { decide } from '../../shared/restore/preflight/decide.ts'
import { stage } from '../handlers/stage.ts'

export const handler = stage('decide', DECIDE, decide)
