import { useServices } from '../services.ts'
import { archiveCopiesContract } from './archive-copies.contract.ts'

archiveCopiesContract(useServices)
