/* The door of a process that strangers share: loaded (LD_PRELOAD) into cargo, the compilers and test programs, where it
   holds shut what strangers' code, a procedural macro or a test, could cheaply pass off as its host's own word.

   - cargo, shells: nobody reads their memory or opens their descriptors through /proc; what they start meets the door too.
   - rustc, clippy-driver, rustdoc: that too. A macro that ends or replaces the compiler, or closes what it speaks
     through, ends it with code 86 and a note. What a macro prints is dropped; where it looks like a message of the
     compiler's or cargo's, there is a note. Who calls is told by where the call returns to: into the compiler and the
     system's libraries, which are read-only, or into anything else.
   - a test program (OXIDIZER_DOOR=tests): libtest never calls exit(0). Who does, or replaces the program, leaves a note;
     nobody rewrites its memory through /proc.
   - all others are let through, and never see that there was a door.

   A note is one line of JSON, {"oxidizer":...}, on the stream that the host's own messages go to. Held are the ways of
   Rust's library, and of libc those that are as short. Not held shut: code that makes system calls without libc, comes
   to them by libc in other ways, or writes where the host's data lies. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define CALLER __builtin_return_address(0)
/* Looked up before main: where a program forks, a child may not ask the loader. */
#define REAL(name) static __typeof__(&name) real_##name

REAL(exit); REAL(quick_exit); REAL(verr); REAL(verrx); REAL(daemon);
REAL(execv); REAL(execve); REAL(execvp); REAL(execvpe); REAL(fexecve);
REAL(write); REAL(writev); REAL(vdprintf); REAL(fdopen); REAL(close); REAL(dup2); REAL(dup3);
REAL(splice); REAL(tee); REAL(sendfile); REAL(sendfile64); REAL(copy_file_range); REAL(syscall);

static enum { LET_THROUGH, HOST, COMPILER, TESTS } mode;
static int is_rustdoc;
static pid_t self;
static struct stat told[2];

#define LOOK_UP(name) (real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void look_up(void)
{
    LOOK_UP(exit), LOOK_UP(quick_exit), LOOK_UP(verr), LOOK_UP(verrx), LOOK_UP(daemon);
    LOOK_UP(execv), LOOK_UP(execve), LOOK_UP(execvp), LOOK_UP(execvpe), LOOK_UP(fexecve);
    LOOK_UP(write), LOOK_UP(writev), LOOK_UP(vdprintf), LOOK_UP(fdopen), LOOK_UP(close), LOOK_UP(dup2), LOOK_UP(dup3);
    LOOK_UP(splice), LOOK_UP(tee), LOOK_UP(sendfile), LOOK_UP(sendfile64), LOOK_UP(copy_file_range), LOOK_UP(syscall);
}

/* What another library's constructor calls comes before ours. */
#define READY(name) (real_##name ? real_##name : (look_up(), real_##name))

static int is_called(const char *name, const char *begin)
{
    return strncmp(name, begin, strlen(begin)) == 0;
}

__attribute__((constructor)) static void enter(void)
{
    const char *name = program_invocation_short_name, *asked = getenv("OXIDIZER_DOOR");
    look_up();
    self = getpid();
    is_rustdoc = strcmp(name, "rustdoc") == 0;
    if (asked != NULL && strcmp(asked, "tests") == 0)
        mode = TESTS;
    else if (strcmp(name, "rustc") == 0 || strcmp(name, "clippy-driver") == 0 || is_rustdoc)
        mode = COMPILER;
    else if (is_called(name, "cargo") || strcmp(name, "sh") == 0)
        mode = HOST;
    /* `timeout` tells how a test program ended. */
    if (mode != LET_THROUGH || strcmp(name, "timeout") == 0)
        prctl(PR_SET_DUMPABLE, 0);
    if (mode == COMPILER)
        for (int fd = 1; fd <= 2; fd++) {
            fstat(fd, &told[fd - 1]);
            /* A macro's children get no stream of the compiler's; rustdoc's own children, tests, speak on its. */
            if (!is_rustdoc)
                fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    /* The compiler does not speak through these; libc writes what is printed to them past us. */
    if (mode == COMPILER && !is_rustdoc) {
        FILE *nowhere = fopen("/dev/null", "we");
        if (nowhere != NULL)
            stdout = stderr = nowhere;
    }
    if (mode != HOST && !is_rustdoc)
        unsetenv("LD_PRELOAD");
    unsetenv("OXIDIZER_DOOR");
}

struct place {
    uintptr_t address;
    int is_friend;
};

/* The compiler itself has no name; all else that lies where nobody may write is its own or the system's. */
static int look_in(struct dl_phdr_info *object, size_t size, void *asked)
{
    static const char *const friends[] = {"/opt/", "/usr/", "/lib/", "/lib64/"};
    struct place *place = asked;
    (void)size;
    for (int n = 0; n < object->dlpi_phnum; n++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[n];
        if (part->p_type != PT_LOAD || place->address - object->dlpi_addr - part->p_vaddr >= part->p_memsz)
            continue;
        place->is_friend = object->dlpi_name[0] == 0;
        for (size_t f = 0; f < sizeof friends / sizeof *friends; f++)
            place->is_friend |= is_called(object->dlpi_name, friends[f]);
        return 1;
    }
    return 0;
}

static int is_stranger(const void *caller)
{
    /* Friends stay where they are. */
    static const void *known[256];
    const void **kept = &known[((uintptr_t)caller >> 2) % 256];
    struct place place = {(uintptr_t)caller, 0};
    if (mode != COMPILER || *kept == caller || getpid() != self)
        return 0;
    dl_iterate_phdr(look_in, &place);
    if (place.is_friend)
        *kept = caller;
    return !place.is_friend;
}

static void note(int fd, const char *what)
{
    char line[96];
    int length = snprintf(line, sizeof line, "\n{\"oxidizer\":\"%s\"}\n", what);
    READY(syscall)(SYS_write, fd, line, (size_t)length);
}

/* Whoever calls in a forked child ends only that. */
static void leave(const void *caller, int ends_well)
{
    if (mode == LET_THROUGH || mode == HOST || getpid() != self)
        return;
    if (mode == TESTS && ends_well)
        note(1, "left");
    if (mode == COMPILER && (is_stranger(caller) || (!is_rustdoc && ends_well && gettid() != self))) {
        note(2, "exit_in_compiler");
        READY(syscall)(SYS_exit_group, 86);
    }
}

/* Descriptors of the streams that the compiler speaks on, however a macro came by them. */
static int is_told(int fd)
{
    struct stat about;
    if (fd == 1 || fd == 2)
        return 1;
    if (fstat(fd, &about) != 0 || S_ISREG(about.st_mode))
        return 0;
    for (int n = 0; n < 2; n++)
        if (about.st_dev == told[n].st_dev && about.st_ino == told[n].st_ino)
            return 1;
    return 0;
}

static int is_dropped(const void *caller, int fd, const void *text, size_t length)
{
    if (!is_stranger(caller) || !is_told(fd))
        return 0;
    if (memmem(text, length, "\"$message_type\"", 15) || memmem(text, length, "\"reason\"", 8))
        note(2, "forged_messages");
    return 1;
}

void exit(int code)
{
    leave(CALLER, code == 0);
    READY(exit)(code);
    __builtin_unreachable();
}

void _exit(int code)
{
    leave(CALLER, code == 0);
    READY(syscall)(SYS_exit_group, code);
    __builtin_unreachable();
}

void _Exit(int code)
{
    leave(CALLER, code == 0);
    READY(syscall)(SYS_exit_group, code);
    __builtin_unreachable();
}

void quick_exit(int code)
{
    leave(CALLER, code == 0);
    READY(quick_exit)(code);
    __builtin_unreachable();
}

int execv(const char *path, char *const argv[])
{
    leave(CALLER, 1);
    return READY(execv)(path, argv);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    leave(CALLER, 1);
    return READY(execve)(path, argv, envp);
}

int execvp(const char *file, char *const argv[])
{
    leave(CALLER, 1);
    return READY(execvp)(file, argv);
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    leave(CALLER, 1);
    return READY(execvpe)(file, argv, envp);
}

int fexecve(int fd, char *const argv[], char *const envp[])
{
    leave(CALLER, 1);
    return READY(fexecve)(fd, argv, envp);
}

int execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
    leave(CALLER, 1);
    return (int)READY(syscall)(SYS_execveat, folder, path, argv, envp, flags);
}

/* The words of a command line that ends with NULL, as an array; `more` is then behind them. */
#define GATHER(first, argv, more) \
    size_t count = 1; \
    va_list more; \
    va_start(more, first); \
    while (va_arg(more, char *) != NULL) \
        count++; \
    va_end(more); \
    char *argv[count + 1]; \
    argv[0] = (char *)first; \
    va_start(more, first); \
    for (size_t n = 1; n <= count; n++) \
        argv[n] = va_arg(more, char *)

int execl(const char *path, const char *first, ...)
{
    leave(CALLER, 1);
    GATHER(first, argv, more);
    va_end(more);
    return READY(execv)(path, argv);
}

int execlp(const char *file, const char *first, ...)
{
    leave(CALLER, 1);
    GATHER(first, argv, more);
    va_end(more);
    return READY(execvp)(file, argv);
}

int execle(const char *path, const char *first, ...)
{
    leave(CALLER, 1);
    GATHER(first, argv, more);
    char *const *envp = va_arg(more, char *const *);
    va_end(more);
    return READY(execve)(path, argv, envp);
}

/* `verr` and `err`, which takes the same words one by one; `verrx` and `errx`. */
#define ENDS(listed, plain) \
    void listed(int code, const char *format, va_list words) \
    { \
        leave(CALLER, code == 0); \
        READY(listed)(code, format, words); \
        __builtin_unreachable(); \
    } \
    void plain(int code, const char *format, ...) \
    { \
        va_list words; \
        leave(CALLER, code == 0); \
        va_start(words, format); \
        READY(listed)(code, format, words); \
        __builtin_unreachable(); \
    }

ENDS(verr, err)
ENDS(verrx, errx)

/* It ends the caller's process with 0, and goes on in a child. */
int daemon(int stay, int keep)
{
    leave(CALLER, 1);
    return READY(daemon)(stay, keep);
}

ssize_t write(int fd, const void *text, size_t length)
{
    if (is_dropped(CALLER, fd, text, length))
        return (ssize_t)length;
    return READY(write)(fd, text, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t length = 0;
    for (int n = 0; mode == COMPILER && n < count; n++) {
        if (!is_dropped(CALLER, fd, parts[n].iov_base, parts[n].iov_len))
            return READY(writev)(fd, parts, count);
        length += (ssize_t)parts[n].iov_len;
    }
    return length > 0 ? length : READY(writev)(fd, parts, count);
}

static int printed(const void *caller, int fd, const char *format, va_list words)
{
    char text[4096];
    va_list again;
    va_copy(again, words);
    int length = vsnprintf(text, sizeof text, format, again);
    va_end(again);
    size_t seen = length < (int)sizeof text ? (size_t)(length > 0 ? length : 0) : sizeof text - 1;
    return is_dropped(caller, fd, text, seen) ? length : READY(vdprintf)(fd, format, words);
}

int vdprintf(int fd, const char *format, va_list words)
{
    return printed(CALLER, fd, format, words);
}

int dprintf(int fd, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    int length = printed(CALLER, fd, format, words);
    va_end(words);
    return length;
}

FILE *fdopen(int fd, const char *how)
{
    return is_stranger(CALLER) && is_told(fd) ? fopen("/dev/null", how) : READY(fdopen)(fd, how);
}

/* What moves bytes between descriptors does not work for these; Rust's library then reads and writes. */
#define BARRED(out) (is_stranger(CALLER) && is_told(out) ? (errno = EINVAL, 1) : 0)

ssize_t splice(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags)
{
    return BARRED(out) ? -1 : READY(splice)(in, from, out, to, length, flags);
}

ssize_t tee(int in, int out, size_t length, unsigned flags)
{
    return BARRED(out) ? -1 : READY(tee)(in, out, length, flags);
}

ssize_t sendfile(int out, int in, off_t *from, size_t length)
{
    return BARRED(out) ? -1 : READY(sendfile)(out, in, from, length);
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t length)
{
    return BARRED(out) ? -1 : READY(sendfile64)(out, in, from, length);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags)
{
    return BARRED(out) ? -1 : READY(copy_file_range)(in, from, out, to, length, flags);
}

static void shut(const void *caller, int fd)
{
    if (fd <= 2 && fd > 0 && is_stranger(caller))
        leave(caller, 1);
}

/* The same by number. */
long syscall(long number, ...)
{
    long given[6];
    va_list words;
    va_start(words, number);
    for (int n = 0; n < 6; n++)
        given[n] = va_arg(words, long);
    va_end(words);
    if (mode == COMPILER || mode == TESTS)
        switch (number) {
        case SYS_exit_group:
            leave(CALLER, (int)given[0] == 0);
            break;
        case SYS_execve:
        case SYS_execveat:
            leave(CALLER, 1);
            break;
        case SYS_write:
            if (is_dropped(CALLER, (int)given[0], (const void *)given[1], (size_t)given[2]))
                return given[2];
            break;
        case SYS_writev:
        case SYS_sendfile:
            if (BARRED((int)given[0]))
                return -1;
            break;
        case SYS_tee:
            if (BARRED((int)given[1]))
                return -1;
            break;
        case SYS_splice:
        case SYS_copy_file_range:
            if (BARRED((int)given[2]))
                return -1;
            break;
        case SYS_close:
            shut(CALLER, (int)given[0]);
            break;
        case SYS_close_range:
            shut(CALLER, given[0] <= 2 ? 2 : 3);
            break;
#ifdef SYS_dup2
        case SYS_dup2:
#endif
        case SYS_dup3:
            shut(CALLER, (int)given[1]);
            break;
        }
    return READY(syscall)(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

int close_range(unsigned first, unsigned last, int flags)
{
    shut(CALLER, first <= 2 ? 2 : 3);
    return (int)READY(syscall)(SYS_close_range, first, last, flags);
}

int close(int fd)
{
    shut(CALLER, fd);
    return READY(close)(fd);
}

int dup2(int from, int to)
{
    shut(CALLER, to);
    return READY(dup2)(from, to);
}

int dup3(int from, int to, int flags)
{
    shut(CALLER, to);
    return READY(dup3)(from, to, flags);
}
