/* Included before everything else where llama.cpp is compiled for a processor with AMX.

   GCC before 11.5, 12.4 and 13.3 defines `_tile_loadconfig` such that it believes that only the
   first 8 of the 64 bytes are read, and leaves out the stores of the others
   (https://gcc.gnu.org/PR114098).  The first product of matrices then ends the process with a
   general protection fault.

   `bantam_amx_tiles` tells the engine that a library was built like this: see
   `lsp_server/engine/runners/llama_library.py`. */
#if defined(__cplusplus) && defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

static inline __attribute__((always_inline)) void bantam_tile_loadconfig(const void *config) {
    __asm__ volatile("ldtilecfg\t%X0" : : "m"(*static_cast<const char(*)[64]>(config)));
}
#define _tile_loadconfig bantam_tile_loadconfig

extern "C" {
__attribute__((weak, used, visibility("default"))) extern const char bantam_amx_tiles = 1;
}
#endif
