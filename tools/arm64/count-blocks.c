// A plugin for QEMU's translator (qemu-user 7.2 and later): counts how often each block of guest instructions is run.
//
//   qemu-aarch64 -plugin count-blocks.so,out=PREFIX ...
//
// The guest says when, by umask(2), a system call that takes a small number: umask(010) sets all counts to nought,
// umask(010 + n) writes them to PREFIX.n, a line "address instructions times" for each block that was run.
// Counts are exact as long as one thread runs a block at a time.
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The parts of QEMU's plugin interface, version 1, used here: Debian ships no header.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb* tb);
typedef void (*syscall_cb)(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                           uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
enum { ADD_U64 = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, syscall_cb cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int operation, void* pointer, uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct block {
  uint64_t address;
  uint64_t instructions;
  uint64_t times;
  struct block* next;
};

enum { UMASK_SYSCALL = 166, RESET = 010, LAST = 017 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct block* blocks;
static const char* prefix;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  struct block* block = calloc(1, sizeof *block);
  if (block == NULL) abort();
  block->address = qemu_plugin_tb_vaddr(tb);
  block->instructions = qemu_plugin_tb_n_insns(tb);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &block->times, 1);
  pthread_mutex_lock(&mutex);
  block->next = blocks;
  blocks = block;
  pthread_mutex_unlock(&mutex);
}

static void write_counts(unsigned number) {
  char path[4096];
  snprintf(path, sizeof path, "%s.%u", prefix, number);
  FILE* file = fopen(path, "w");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  for (const struct block* block = blocks; block != NULL; block = block->next) {
    if (block->times == 0) continue;
    fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", block->address, block->instructions, block->times);
  }
  fclose(file);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  if (number != UMASK_SYSCALL || a1 < RESET || a1 > LAST) return;
  pthread_mutex_lock(&mutex);
  if (a1 == RESET) {
    for (struct block* block = blocks; block != NULL; block = block->next) block->times = 0;
  } else {
    write_counts((unsigned)a1 - RESET);
  }
  pthread_mutex_unlock(&mutex);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc,
                                                               char** argv) {
  (void)info;
  for (int each = 0; each < argc; each++) {
    if (strncmp(argv[each], "out=", 4) == 0) prefix = strdup(argv[each] + 4);
  }
  if (prefix == NULL) {
    fputs("count-blocks: out=PREFIX is missing\n", stderr);
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
